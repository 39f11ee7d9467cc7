// purpose: open transactions that say whose work on a graph they stand for, in the order in which they began
// mode: read
// params: none
// returns: token, work, process, host, database, began
SHOW TRANSACTIONS YIELD database, transactionId, metaData
WHERE metaData.token IS NOT NULL
RETURN metaData.token AS token, metaData.work AS work, metaData.process AS process, metaData.host AS host,
       database, toInteger(split(transactionId, '-transaction-')[1]) AS began
ORDER BY began
