/** What serving one request costs, by whether its answer was known. */
export interface RequestCost {
  /** CPU time of the server, audit record and its shipping included. */
  apiUs: number;
  /** That of its serving thread alone, for which a second core is of no use. */
  servingUs: number;
  /** CPU time of the cache's Redis. */
  cacheUs: number;
}

/** What a deployment is planned with. */
export interface Figures {
  hit: RequestCost;
  miss: RequestCost;
  /** Of one audit row. */
  row: {
    workerUs: number;
    postgresUs: number;
    queueUs: number;
  };
  bytes: {
    /** One record on the disk of the server that has answered. */
    spool: number;
    /** One record in the queue's Redis. */
    queue: number;
    /** One row in Postgres, without its indexes. */
    row: number;
    /** The five indexes of one row. */
    indexes: number;
    /** The index on `request_id` alone, whose values are random. */
    requestIdIndex: number;
    /** Write-ahead log for one row. */
    wal: number;
    /** One answer in the cache's Redis. */
    cachedAnswer: number;
    /** One idempotency key and its answer in the cache's Redis. */
    idempotencyKey: number;
    /** One request on the wire, headers included, without TLS. */
    request: number;
    answer: number;
    /** Resident memory of a server at full load. */
    apiMemory: number;
    workerMemory: number;
  };
}
