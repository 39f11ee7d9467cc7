// written by cypher/generate.py from templates/index.template and holley_graph/graph/schema.py: edit those
// purpose: the index of Product vectors in slot b
// mode: schema
// params: $dim integer  length of the vectors
// returns: none
CREATE VECTOR INDEX product_embedding_b IF NOT EXISTS FOR (n:Product) ON (n.embedding_b)
// not quantized: near the border of what is asked for, coarser vectors lose neighbours
OPTIONS {indexConfig: {`vector.dimensions`: $dim, `vector.similarity_function`: 'cosine',
                       `vector.quantization.enabled`: false}}
