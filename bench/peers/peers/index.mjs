/**
 * All peers. `server` is what the benchmark prepares for a peer and removes after it: its own database on the shared
 * Postgres, its own keys on the shared Redis, or nothing, if the peer has its own server or needs none.
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
