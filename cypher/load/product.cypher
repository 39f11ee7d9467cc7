// written by cypher/generate.py from templates/load_node.template and holley_graph/graph/schema.py: edit those
// purpose: create or update Product nodes
// mode: write
// params: $rows list<map>  sku, base_sku, display_key, part_type, price, image_url, title, brand, refurbished, eligible
// returns: none
UNWIND $rows AS row
MERGE (n:Product {sku: row.sku})
SET n.base_sku = row.base_sku,
    n.display_key = row.display_key,
    n.part_type = row.part_type,
    n.price = row.price,
    n.image_url = row.image_url,
    n.title = row.title,
    n.brand = row.brand,
    n.refurbished = row.refurbished,
    n.eligible = row.eligible
