/**
 * Evaluates events for another process, one at a time: author code that ends or blocks this process affects no other
 * work. Started by `lone-process.ts`.
 */
import { Worker } from "node:worker_threads";
import type { Evaluated } from "../../kernel/engine/routing.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import { decode } from "../../stdx/json.ts";
import { prepareStart } from "../../workflows/handler.ts";
import { importArtifact } from "../bundles/import-artifact.ts";
import type { Definition } from "../config.ts";
import type { Request, Response } from "./messages.ts";

const loaded = new Map<string, Definition>();

/**
 * If the parent is killed while author code blocks this thread, nothing on this thread can notice. Another thread looks
 * whether the parent is still there.
 */
const watch = `const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 500);`;

function keyOf({ kind, name, version }: DefinitionRef): string {
  return `${kind} ${name} ${version}`;
}

async function load({ definitions, folder, base }: Extract<Request, { kind: "load" }>): Promise<Response> {
  try {
    for (const { definition, authorVersion, artifact } of definitions) {
      const own = (await importArtifact(artifact, { folder, base })).find(
        (each) => each.kind === definition.kind && each.name === definition.name && each.version === authorVersion,
      );
      if (own === undefined) return { kind: "not-loaded", why: `the code of ${definition.name} does not define it` };
      loaded.set(keyOf(definition), own);
    }
    return { kind: "loaded" };
  } catch (error) {
    return { kind: "not-loaded", why: textOf(error) };
  }
}

async function evaluate({ definitions, data }: Extract<Request, { kind: "evaluate" }>): Promise<Response> {
  const all: Evaluated[] = [];
  for (const definition of definitions) {
    const workflow = loaded.get(keyOf(definition));
    if (workflow === undefined) return { kind: "not-loaded", why: `${definition.name} is not loaded` };
    try {
      all.push({ definition, prepared: await prepareStart(workflow, definition, decode(data), {}) });
    } catch (error) {
      all.push({ definition, refusal: textOf(error) });
    }
  }
  return { kind: "evaluated", all };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

new Worker(watch, { eval: true, execArgv: [] }).unref();
process.on("disconnect", () => process.exit(0));
process.on("message", (request: Request) => {
  void (request.kind === "load" ? load(request) : evaluate(request)).then((response) => process.send?.(response));
});
