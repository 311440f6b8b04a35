/**
 * All peers. `server` is what the benchmark makes ready for a peer and clears away after it: a database of its own on
 * the shared Postgres, keys of its own on the shared Redis, or nothing, where the peer brings its own server or none.
 */
export const peers = {
  "baton-sqlite": { server: "none", load: async () => (await import("./baton.mjs")).batonSqlite },
  "baton-postgres": { server: "postgres", load: async () => (await import("./baton.mjs")).batonPostgres },
  dbos: { server: "postgres", load: async () => (await import("./dbos.mjs")).dbos },
  "openworkflow-postgres": {
    server: "postgres",
    load: async () => (await import("./openworkflow.mjs")).openworkflowPostgres,
  },
  "openworkflow-sqlite": { server: "none", load: async () => (await import("./openworkflow.mjs")).openworkflowSqlite },
  "graphile-worker": { server: "postgres", load: async () => (await import("./graphile-worker.mjs")).graphileWorker },
  "pg-boss": { server: "postgres", load: async () => (await import("./pg-boss.mjs")).pgBoss },
  bullmq: { server: "redis", load: async () => (await import("./bullmq.mjs")).bullmqShared },
  "bullmq-aof": { server: "none", load: async () => (await import("./bullmq.mjs")).bullmqOwn },
  restate: { server: "none", load: async () => (await import("./restate.mjs")).restate },
};
