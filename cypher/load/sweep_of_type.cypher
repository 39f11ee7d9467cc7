// purpose: remove OF_TYPE relationships that the source no longer has
// mode: write
// params: $rows list<map>  sku, part_type
// returns: none
UNWIND $rows AS row
MATCH (:Product {sku: row.sku})-[r:OF_TYPE]->(:PartType {name: row.part_type})
DELETE r
