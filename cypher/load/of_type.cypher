// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update OF_TYPE relationships
// mode: write
// params: $rows list<map>  sku, part_type
// returns: none
UNWIND $rows AS row
MATCH (a:Product {sku: row.sku})
MATCH (b:PartType {name: row.part_type})
MERGE (a)-[r:OF_TYPE]->(b)
