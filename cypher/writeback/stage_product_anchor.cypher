// written by cypher/generate.py from templates/stage.template and holley_graph/graph/schema.py: edit those
// purpose: put anchor vectors of Products into a release's slot, where they are not there yet
// mode: write
// params: $number integer  of the release; once it has no slot any more, nothing is written
//         $rows list<map>  key, vector
// returns: staged
MATCH (release:Release {number: $number})
WHERE release.slot IS NOT NULL
WITH 'embedding_anchor_' + release.slot AS embedding
UNWIND $rows AS row
MATCH (n:Product {sku: row.key})
SET n[embedding] = coalesce(n[embedding], row.vector)
RETURN count(n) AS staged
