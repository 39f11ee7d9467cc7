// What people look for by parts of a name: vehicles, and parts by number, title, type and brand.
CREATE FULLTEXT INDEX vehicle_search IF NOT EXISTS FOR (n:Vehicle) ON EACH [n.vehicle_id]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words'}};
CREATE FULLTEXT INDEX part_search IF NOT EXISTS FOR (n:Product) ON EACH [n.sku, n.title, n.part_type, n.brand]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words'}};
