-- purpose: what the lists call an event, and the name that the value rules know it by
-- params: none
-- reads: list_events, event_names
-- returns: text STRING, name STRING
--
-- A page view is no view of a product: the five tables have both, and only one counts.
WITH texts AS (
  SELECT DISTINCT
    e.event AS text,
    TRIM(REGEXP_REPLACE(LOWER(e.event), r'[\s_.:-]+', ' ')) AS words
  FROM list_events AS e
  WHERE e.event IS NOT NULL
)

SELECT
  t.text,
  CASE COALESCE(
    n.kind,
    CASE
      WHEN REGEXP_CONTAINS(t.words, r'^(?:product )?(?:view|views|viewed|detail)(?: (?:item|product|content))?$')
        THEN 'view'
      WHEN REGEXP_CONTAINS(t.words, r'^(?:(?:product )?add(?:ed)? ?(?:to ?)?(?:cart|basket)|(?:cart|basket)(?: add(?:ed)?)?|product added)$')
        THEN 'cart'
      WHEN REGEXP_CONTAINS(t.words, r'^(?:order|ordered|purchase|purchased|transaction|buy|bought|sale|order (?:placed|completed|paid))$')
        THEN 'order'
    END
  )
    WHEN 'view' THEN 'VIEWED PRODUCT'
    WHEN 'cart' THEN 'CART UPDATE'
    WHEN 'order' THEN 'ORDERED PRODUCT'
    ELSE t.text
  END AS name
FROM texts AS t
LEFT JOIN event_names AS n ON n.text = t.text
