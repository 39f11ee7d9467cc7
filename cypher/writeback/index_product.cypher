// purpose: the vector index of Product, once the length of the vectors is known
// mode: schema
// params: $dim integer  length of the vectors
// returns: none
CREATE VECTOR INDEX product_embedding IF NOT EXISTS FOR (n:Product) ON (n.embedding)
OPTIONS {indexConfig: {`vector.dimensions`: $dim, `vector.similarity_function`: 'cosine'}}
