// purpose: every product in blocks of one stretch of the store, lists of one length; an absent brand or title is '', an absent price NaN
// mode: read
// params: none
// returns: block, ids, skus, base_skus, display_keys, part_types, prices, brands, titles, eligible
MATCH (p:Product)
RETURN id(p) / 4096 AS block, collect(id(p)) AS ids, collect(p.sku) AS skus, collect(p.base_sku) AS base_skus,
       collect(p.display_key) AS display_keys, collect(p.part_type) AS part_types,
       collect(coalesce(p.price, 0.0 / 0.0)) AS prices, collect(coalesce(p.brand, '')) AS brands,
       collect(coalesce(p.title, '')) AS titles, collect(p.eligible) AS eligible
