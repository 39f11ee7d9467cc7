// written by cypher/generate.py from templates/tables_node.template and holley_graph/graph/schema.py: edit those
// purpose: every Product node, one row each
// mode: read
// params: none
// returns: id, sku, base_sku, display_key, part_type, price, image_url, title, brand, refurbished, eligible
MATCH (n:Product)
RETURN id(n) AS id,
       n.sku AS sku,
       n.base_sku AS base_sku,
       n.display_key AS display_key,
       n.part_type AS part_type,
       n.price AS price,
       n.image_url AS image_url,
       n.title AS title,
       n.brand AS brand,
       n.refurbished AS refurbished,
       n.eligible AS eligible
