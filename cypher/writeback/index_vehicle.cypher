// purpose: the vector index of Vehicle, once the length of the vectors is known
// mode: schema
// params: $dim integer  length of the vectors
// returns: none
CREATE VECTOR INDEX vehicle_embedding IF NOT EXISTS FOR (n:Vehicle) ON (n.embedding)
OPTIONS {indexConfig: {`vector.dimensions`: $dim, `vector.similarity_function`: 'cosine'}}
