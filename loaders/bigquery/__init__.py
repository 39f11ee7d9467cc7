"""BigQuery as a source and as a target; the only room that knows Google's clients.

`connection` says who asks and where, `faults` turns Google's errors into ours, `jobs` runs statements under a cap,
`streams` reads tables, `landing` is where their rows wait, `source` is the engine that `loaders.feeds` drives,
`target` loads a table of results.
"""
