import { SqliteCore } from "../../src/stores/sqlite/core.ts";
import { DiskFiles } from "../../src/stores/sqlite/files.ts";
import { openDatabase } from "../../src/stores/sqlite/open.ts";

/** A store that kills its own process at one point of writing a file: `put`, `commit`, `remove`, or never. */
const [path = "", point = "never", hours = "0"] = process.argv.slice(2);

function crash(): void {
  process.kill(process.pid, "SIGKILL");
}

class CrashingFiles extends DiskFiles {
  override settle(): void {
    super.settle();
    if (point === "put") crash();
  }
  override remove(hash: string): void {
    if (point === "remove") crash();
    super.remove(hash);
  }
}

const now = (): number => Date.now() + Number(hours) * 3_600_000;
const core = new SqliteCore(openDatabase(path), { now, files: new CrashingFiles(path) });

if (point === "remove" || point === "sweep") {
  core.sweep({ completedMs: 0, failedMs: 0, eventMs: 0, limit: 1_000 });
} else {
  const input = JSON.stringify("x".repeat(400_000));
  const [reply] = core.commit([
    {
      kind: "start",
      id: "run_large",
      definition: { kind: "workflow", name: "large", version: 1 },
      input,
      inputHash: "",
      key: null,
      idempotencyKey: null,
      priorityMs: 0,
      attributes: null,
      origin: { by: "test" },
    },
  ]);
  if (reply === undefined || "error" in reply) throw reply?.error ?? new Error("no reply");
  process.stdout.write("committed");
  if (point === "commit") crash();
}
