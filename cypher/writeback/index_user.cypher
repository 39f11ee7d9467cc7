// purpose: the vector index of users who did something, once the length of the vectors is known
// mode: schema
// params: $dim integer  length of the vectors
// returns: none
CREATE VECTOR INDEX user_embedding IF NOT EXISTS FOR (n:ActiveUser) ON (n.embedding)
OPTIONS {indexConfig: {`vector.dimensions`: $dim, `vector.similarity_function`: 'cosine'}}
