// purpose: why parts for an owner, a sentence each as an email says it; no sentence twice
// mode: read
// params: $user_id string        who reads it, or null for any owner of the vehicle
//         $vehicle_id string     YEAR|MAKE|MODEL that the parts fit
//         $skus strings          the parts in the order of the email
//         $min_people integer  other people that a fact about people needs
// returns: sku, reason
MATCH (v:Vehicle {vehicle_id: $vehicle_id})-[:OF_MODEL]->(model:VehicleModel)-[:MADE_BY]->(make:Make)
MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (release:Release {slot: sync.live_slot})
OPTIONAL MATCH (u:User {user_id: $user_id})
// names as people write them: Mustang and Bel Air, but GTO, BMW and F-150
CALL (v) {
  UNWIND [v.make, v.model] AS name
  RETURN collect(trim(reduce(text = '', word IN split(name, ' ') | text + ' ' +
    substring(reduce(joined = '', piece IN split(word, '-') | joined + '-' +
      CASE WHEN piece =~ 'DE|EL|LA|LE|[^0-9AEIOUY][AEIOUY]{2}|[^0-9AEIOUY][AEIOUY][^0-9AEIOUY]|[AEIOUY]{2}[^0-9AEIOUY]|[^0-9]{4,}'
        THEN left(piece, 1) + toLower(substring(piece, 1)) ELSE piece END), 1)))) AS names
}
WITH v, model, make, sync, release, u, names[0] AS make_name, names[1] AS model_name
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
UNWIND range(0, size($skus) - 1) AS place
MATCH (p:Product {sku: $skus[place]})
// other people who bought it and own the model, or any of the make; no more than are needed are counted
CALL (p, people, model) {
  MATCH (p)<-[:ORDERED]-(buyer:User)
  WHERE NOT buyer IN people
  CALL (buyer) {
    RETURN buyer AS id
    UNION
    MATCH (id:User {email_hash: buyer.email_hash})
    RETURN id
  }
  MATCH (id)-[:OWNS]->(:Vehicle)-[:OF_MODEL]->(model)
  WITH DISTINCT coalesce(buyer.email_hash, buyer.user_id) AS person LIMIT $min_people
  RETURN count(person) AS of_model
}
CALL (p, people, make) {
  MATCH (p)<-[:ORDERED]-(buyer:User)
  WHERE NOT buyer IN people
  CALL (buyer) {
    RETURN buyer AS id
    UNION
    MATCH (id:User {email_hash: buyer.email_hash})
    RETURN id
  }
  MATCH (id)-[:OWNS]->(:Vehicle)-[:OF_MODEL]->(:VehicleModel)-[:MADE_BY]->(make)
  WITH DISTINCT coalesce(buyer.email_hash, buyer.user_id) AS person LIMIT $min_people
  RETURN count(person) AS of_make
}
// what the reader did, newest first, with the month; a year is said when it is not clear
CALL (u, sync) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product)
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
WITH *,
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
      + CASE WHEN all(x IN [a, p] WHERE EXISTS { (me:User)-[:ORDERED]->(x) WHERE me IN people }) THEN 1 ELSE 0 END
    RETURN 'Goes with the' + t.kind + ' you ' + t.said + t.since
    ORDER BY c.weight DESC, c.count DESC, {ORDERED: 0, CARTED: 1, VIEWED: 2}[t.how], a.sku LIMIT 1
  } AS led
WITH place, p.sku AS sku, same_part + same_type + led
  + CASE WHEN of_model >= $min_people THEN ['Popular with ' + short_name + ' owners'] ELSE [] END
  + CASE WHEN of_make >= $min_people THEN ['Popular with ' + make_name + ' owners'] ELSE [] END
  + ['Fits your ' + v.year + ' ' + whole_name, 'Picked for your ' + short_name, 'A match for your ' + v.year + ' ' + make_name,
     'Right for your ' + whole_name] AS sentences
ORDER BY place
// the first sentence that no part before it has
WITH collect(sku) AS skus, reduce(said = [], sentences IN collect(sentences) |
  said + coalesce(head([s IN sentences WHERE NOT s IN said]), '')) AS said
UNWIND range(0, size(skus) - 1) AS place
RETURN skus[place] AS sku, nullIf(said[place], '') AS reason
ORDER BY place
