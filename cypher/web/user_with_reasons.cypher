// written by cypher/generate.py from templates/web/user_with_reasons.template and cypher/templates/passages: edit those
// purpose: parts that fit a user's vehicle as recommend/user gives them, each with its sentence, in one question
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $rules maps               marketing's rules that hold today; [] for none
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $min_people integer       other people that a fact about people needs
//         $release string or null   run whose vectors answer, if the graph still has them; null: the live one
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, rule, reason
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v)
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, v, sync, CASE WHEN $release IS NULL THEN sync.live_slot ELSE head(COLLECT {
  MATCH (r:Release {run_id: $release}) WHERE r.slot IS NOT NULL RETURN r.slot
}) END AS slot
WHERE slot IS NOT NULL OR $release IS NULL
WITH u, v, sync, slot, 'embedding_' + slot AS embedding, 'lift_' + slot AS lift
// labels stand where a search begins: a relationship's type says what is at its end, and to look there costs
OPTIONAL MATCH (v)-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
  WHERE u[embedding] IS NULL AND v[embedding] IS NULL
OPTIONAL MATCH (release:Release {slot: slot})
// who answers: the most specific vector there is
WITH u, v, sync, release, embedding, lift, release.product_norm AS norm,
     coalesce(u[embedding], v[embedding], model[embedding], make[embedding]) AS q,
     CASE WHEN u[embedding] IS NOT NULL THEN 'user'
          WHEN v[embedding] IS NOT NULL THEN 'vehicle'
          WHEN model[embedding] IS NOT NULL THEN 'segment'
          WHEN make[embedding] IS NOT NULL THEN 'make' END AS tier
// what this person bought, under any id with the same email
CALL (u, sync) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  MATCH (person)-[o:ORDERED]->(b)
  WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
  RETURN collect(DISTINCT b.base_sku) AS bought
}
// what this person did, for the paths to the same SKU, base SKU or part type
CALL (u, sync, release) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
  WITH a, type(did) = 'ORDERED' AS ordered,
       coalesce(release.path_gain, 1.0) * reduce(s = 0.0, at IN coalesce(did.at, []) |
         s + 2 ^ ((at - sync.as_of.epochSeconds) / (release.path_half_life_days * 86400))) AS strength
  RETURN collect({sku: a.sku, base_sku: a.base_sku, part_type: a.part_type, ordered: ordered, strength: strength}) AS trail
}
WITH *, norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
MATCH (v)<-[f:FITS]-(p {eligible: true})
WHERE NOT p.base_sku IN bought
// the inner product (all product vectors have the same length, so cosine times both lengths), the lift and the paths
WITH v, tier, p, p.sku AS sku,
     // what marketing's rules say about the part
     [r IN $rules
       WHERE (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
         AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
         AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
         AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
         AND (r.make = [] OR v.make IN r.make) AND (r.vehicle = [] OR replace(v.vehicle_id, '|', ' ') IN r.vehicle)] AS said,
     (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0)
       + coalesce(release.path_same_part * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN NOT x.ordered AND x.base_sku = p.base_sku THEN x.strength ELSE 0 END))
         + release.path_same_type * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN NOT x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
         + release.path_same_type_ordered * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
         + coalesce(release.path_same_sku, 0.0) * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN NOT x.ordered AND x.sku = p.sku THEN x.strength ELSE 0 END)), 0.0) AS score,
     CASE WHEN q IS NULL OR p[embedding] IS NULL THEN COUNT {
       MATCH (p)<-[:ORDERED]-(b) RETURN DISTINCT coalesce(b.email_hash, b.user_id)
     } ELSE 0 END AS buyers
WITH v.vehicle_id AS vehicle_id, tier, p, sku, said, score, buyers, score + reduce(s = 0.0, r IN said | s + r.adds) AS lifted,
     any(r IN said WHERE r.do = 'bury') AS buried
WHERE none(r IN said WHERE r.do = 'exclude')
ORDER BY buried, lifted IS NULL, lifted DESC, buyers DESC, sku
WITH vehicle_id, tier, collect({p: p, sku: sku, family: p.display_key, said: said, score: score, buyers: buyers,
                                lifted: lifted, buried: buried}) AS parts
// what a pin or a keep asks for: its best parts, one of a family
WITH *, reduce(held = [], r IN [r IN $rules WHERE r.slots > 0] | held +
  reduce(best = [], c IN parts | CASE
    WHEN size(best) < r.slots AND r.name IN [s IN c.said | s.name] AND none(b IN best WHERE b.family = c.family)
    THEN best + [{sku: c.sku, family: c.family, do: r.do, name: r.name}] ELSE best END)) AS held
UNWIND parts AS c
WITH vehicle_id, tier, c, [h IN held WHERE h.sku = c.sku] AS held
ORDER BY held = [], c.buried, c.lifted IS NULL, c.lifted DESC, c.buyers DESC, c.sku
WITH vehicle_id, tier, c.family AS family, collect({c: c, held: held})[0] AS best
ORDER BY best.held = [], best.c.buried, best.c.lifted IS NULL, best.c.lifted DESC, best.c.buyers DESC, best.c.sku
WITH vehicle_id, tier, best.c.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
WITH vehicle_id, tier, part_type, row.c AS c, row.held AS held
ORDER BY held = [], c.buried, c.lifted IS NULL, c.lifted DESC, c.buyers DESC, c.sku
LIMIT $k
WITH c.sku AS sku, c.p.title AS title, part_type, c.p.price AS price, c.p.image_url AS image_url, c.score AS score,
     CASE WHEN c.score IS NULL THEN 'global' ELSE tier END AS answered_by, vehicle_id,
     head([r IN c.said WHERE r.slots = 0 OR any(h IN held WHERE h.name = r.name) | r.name]) AS rule
ORDER BY none(h IN held WHERE h.do = 'pin'), c.buried, c.lifted IS NULL, c.lifted DESC, c.buyers DESC, c.sku
WITH $user_id AS user_id, vehicle_id, collect({sku: sku, title: title, part_type: part_type, price: price,
  image_url: image_url, score: score, answered_by: answered_by, rule: rule}) AS rows
WITH *, [row IN rows | row.sku] AS skus
MATCH (v:Vehicle {vehicle_id: vehicle_id})-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (release:Release {slot: sync.live_slot})
OPTIONAL MATCH (u:User {user_id: user_id})
// names as people write them: Mustang and Bel Air, but GTO, BMW and F-150
CALL (v) {
  UNWIND [v.make, v.model] AS name
  RETURN collect(trim(reduce(text = '', word IN split(name, ' ') | text + ' ' +
    substring(reduce(joined = '', piece IN split(word, '-') | joined + '-' +
      CASE WHEN piece =~ 'DE|EL|LA|LE|[^0-9AEIOUY][AEIOUY]{2}|[^0-9AEIOUY][AEIOUY][^0-9AEIOUY]|[AEIOUY]{2}[^0-9AEIOUY]|[^0-9]{4,}'
        THEN left(piece, 1) + toLower(substring(piece, 1)) ELSE piece END), 1)))) AS names
}
WITH *, names[0] AS make_name, names[1] AS model_name
WITH *, make_name + ' ' + model_name AS whole_name,
     CASE WHEN model_name =~ '[0-9].*' THEN make_name + ' ' + model_name ELSE model_name END AS short_name
// all ids of one address are one person
CALL (u) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  RETURN collect(DISTINCT person) AS people
}
// what the reader did, newest first, with the month; a year is said when it is not clear
CALL (u, sync) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
  WITH a, type(did) AS how, did.last_at AS at,
       12 * (sync.as_of.year - did.last_at.year) + sync.as_of.month - did.last_at.month AS months
  RETURN collect({
    a: a, how: how, months: months, part_type: a.part_type,
    kind: reduce(text = '', word IN split(a.part_type, ' ') |
      text + ' ' + CASE WHEN word = toUpper(word) THEN word ELSE toLower(word) END),
    said: {VIEWED: 'looked at', CARTED: 'added to your cart', ORDERED: 'bought'}[how],
    since: ' in ' + ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
      'November', 'December'][at.month - 1] + CASE WHEN months > 10 THEN ' ' + at.year ELSE '' END
  }) AS trail
}
// what the reader did that speaks for a part, the strongest first
CALL (skus, trail, people, release) {
  UNWIND range(0, size(skus) - 1) AS place
  MATCH (p:Product {sku: skus[place]})
  WITH place, p,
    // what is a term of the score, while it is fresh enough to count
    CASE WHEN release.path_same_part > 0 THEN COLLECT {
      UNWIND trail AS t
      WITH t WHERE t.how <> 'ORDERED' AND t.months <= 3 AND t.a.base_sku = p.base_sku
      RETURN CASE t.how WHEN 'CARTED' THEN 'You added it to your cart' ELSE 'You looked at it' END + t.since
      ORDER BY t.how, t.months LIMIT 1
    } ELSE [] END AS same_part,
    CASE WHEN release.path_same_type > 0 AND p.part_type <> 'UNKNOWN' THEN COLLECT {
      UNWIND trail AS t
      WITH t WHERE t.how <> 'ORDERED' AND t.months <= 3 AND t.part_type = p.part_type
      RETURN 'Like the' + t.kind + ' you ' + t.said + t.since
      ORDER BY t.how, t.months LIMIT 1
    } ELSE [] END AS same_type,
    // what other people bought after something that the reader chose
    COLLECT {
      UNWIND trail AS t
      WITH t, t.a AS a WHERE t.part_type <> 'UNKNOWN' AND t.part_type <> p.part_type
      MATCH (a)-[c:CO_PURCHASED]->(p)
      WHERE c.weight > 0 AND c.count >= $min_people
        + CASE WHEN all(x IN [a, p] WHERE EXISTS { (me)-[:ORDERED]->(x) WHERE me IN people }) THEN 1 ELSE 0 END
      RETURN 'Goes with the' + t.kind + ' you ' + t.said + t.since
      ORDER BY c.weight DESC, c.count DESC, {ORDERED: 0, CARTED: 1, VIEWED: 2}[t.how], a.sku LIMIT 1
    } AS led
  ORDER BY place
  RETURN collect({p: p, own: same_part + same_type + led}) AS parts
}
WITH *, reduce(said = [], part IN parts | said + coalesce(head([s IN part.own WHERE NOT s IN said]), '')) AS own
WITH *, [place IN range(0, size(parts) - 1) WHERE own[place] = ''] AS open
// the first of the other parts that enough other people bought who own the model, and the first for the make. A list is
// walked in its order, so nobody is counted for the parts after it; and from buyers to what they own, or all owners
// of the make would be walked
CALL (open, parts, people, model) {
  UNWIND open AS place
  WITH place, parts[place].p AS p
  CALL (p, people, model) {
    MATCH (p)<-[:ORDERED]-(buyer)
    WHERE NOT buyer IN people
    CALL (buyer) {
      RETURN buyer AS id
      UNION
      MATCH (id:User {email_hash: buyer.email_hash})
      RETURN id
    }
    MATCH (id)-[:OWNS]->()-[:OF_MODEL]->(owned)
    WHERE owned = model
    WITH DISTINCT coalesce(buyer.email_hash, buyer.user_id) AS person LIMIT $min_people
    RETURN count(person) AS others
  }
  WITH place WHERE others >= $min_people LIMIT 1
  RETURN coalesce(max(place), -1) AS of_model
}
CALL (open, parts, people, make, of_model, short_name, make_name) {
  UNWIND open AS place
  WITH place, parts[place].p AS p WHERE place <> of_model AND (of_model = -1 OR short_name <> make_name)
  CALL (p, people, make) {
    MATCH (p)<-[:ORDERED]-(buyer)
    WHERE NOT buyer IN people
    CALL (buyer) {
      RETURN buyer AS id
      UNION
      MATCH (id:User {email_hash: buyer.email_hash})
      RETURN id
    }
    MATCH (id)-[:OWNS]->()-[:OF_MODEL]->()-[:MADE_BY]->(owned)
    WHERE owned = make
    WITH DISTINCT coalesce(buyer.email_hash, buyer.user_id) AS person LIMIT $min_people
    RETURN count(person) AS others
  }
  WITH place WHERE others >= $min_people LIMIT 1
  RETURN coalesce(max(place), -1) AS of_make
}
// of the rest, each has another sentence as long as there are any
WITH *, [place IN open WHERE NOT place IN [of_model, of_make]] AS rest,
     ['Fits your ' + v.year + ' ' + whole_name, 'Picked for your ' + short_name, 'A match for your ' + v.year + ' ' + make_name,
      'Right for your ' + whole_name] AS fits
UNWIND range(0, size(parts) - 1) AS place
WITH *, parts[place].p.sku AS sku,
     CASE WHEN own[place] <> '' THEN own[place]
          WHEN place = of_model THEN 'Popular with ' + short_name + ' owners'
          WHEN place = of_make THEN 'Popular with ' + make_name + ' owners'
          ELSE fits[size([other IN rest WHERE other < place])] END AS reason
WITH place, rows[place] AS row, vehicle_id, reason
RETURN row.sku AS sku, row.title AS title, row.part_type AS part_type, row.price AS price, row.image_url AS image_url,
       row.score AS score, row.answered_by AS answered_by, vehicle_id, row.rule AS rule, reason
ORDER BY place
