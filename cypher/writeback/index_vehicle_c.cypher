// written by cypher/generate.py from templates/index.template and holley_graph/graph/schema.py: edit those
// purpose: the index of Vehicle vectors in slot c
// mode: schema
// params: $dim integer  length of the vectors
// returns: none
CREATE VECTOR INDEX vehicle_embedding_c IF NOT EXISTS FOR (n:Vehicle) ON (n.embedding_c)
// not quantized: near the border of what is asked for, coarser vectors lose neighbours
OPTIONS {indexConfig: {`vector.dimensions`: $dim, `vector.similarity_function`: 'cosine',
                       `vector.quantization.enabled`: false}}
