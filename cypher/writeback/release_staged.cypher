// purpose: give a run a slot that no release has, and a number that none ever had
// mode: write
// params: $run_id string       the run
//         $dim integer         length of its vectors
//         $product_norm float  common length of its product vectors
//         $same_part float     weight of paths to parts of a base SKU that was viewed or carted
//         $same_type float     of paths to parts of a part type that was viewed or carted
//         $same_type_ordered float  of paths to parts of a part type that was ordered
//         $same_sku float      of paths to the very SKU that was viewed or carted
//         $half_life_days float  days after which an event on a path counts half
//         $gain float          of the strength of the events on a path
// returns: number, slot
MATCH (sync:Sync {id: 'graph'})
SET sync.releases = coalesce(sync.releases, 0) + 1
WITH sync, COLLECT { MATCH (other:Release) WHERE other.slot IS NOT NULL RETURN other.slot } AS taken
WITH sync, head([slot IN ['a', 'b', 'c'] WHERE NOT slot IN taken]) AS slot
WHERE slot IS NOT NULL
MERGE (r:Release {run_id: $run_id})
SET r.state = 'staging', r.slot = slot, r.number = sync.releases, r.dim = $dim, r.product_norm = $product_norm,
    r.path_same_part = $same_part, r.path_same_type = $same_type, r.path_same_type_ordered = $same_type_ordered,
    r.path_same_sku = $same_sku, r.path_half_life_days = $half_life_days, r.path_gain = $gain
RETURN r.number AS number, r.slot AS slot
