// purpose: a passing index over the staged product vectors, to measure its recall before anything goes live
// mode: schema
// params: $dim integer  length of the vectors
// returns: none
CREATE VECTOR INDEX product_embedding_next IF NOT EXISTS FOR (n:Product) ON (n.embedding_next)
OPTIONS {indexConfig: {`vector.dimensions`: $dim, `vector.similarity_function`: 'cosine'}}
