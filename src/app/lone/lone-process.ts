import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Evaluation, type LoneEvaluator, tooSlow } from "../../kernel/engine/routing.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { Request, Response, SentDefinition } from "./messages.ts";

export interface LoneProcessParts {
  /** The folder from which artifacts are imported, and the folder from which their packages are resolved. */
  readonly place: { readonly folder: string; readonly base: string };
  /** The verified code of a version, or why there is none. */
  find(definition: DefinitionRef): Promise<SentDefinition | { readonly lack: string }>;
}

type Answer<Kind extends Response["kind"]> =
  | Extract<Response, { kind: Kind }>
  | { readonly kind: "ended"; readonly why: string }
  | { readonly kind: "late" };

/** The answers to a request. */
type KindOf<T extends Request> = "not-loaded" | (T extends { kind: "load" } ? "loaded" : "evaluated");

/** Options of this process that a child must not repeat: it would want the same debugger port, or run tests. */
const ownOptions = /^--(?:inspect|test|watch|experimental-test)/;

/**
 * A child process that evaluates events, one at a time. It loads the same bundles as this process. It is started when
 * the first event needs it, and ends when it is idle. Code that takes too long is stopped by ending the child.
 */
export class LoneProcess implements LoneEvaluator {
  readonly #parts: LoneProcessParts;
  #child: ChildProcess | null = null;
  readonly #loaded = new Set<string>();
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: LoneProcessParts) {
    this.#parts = parts;
  }

  async load(definitions: readonly DefinitionRef[]): Promise<string | null> {
    if (this.#isClosed) return "this process is stopping";
    return this.#whileBusy(() => this.#load(definitions));
  }

  async evaluate(definitions: readonly DefinitionRef[], data: string | null, limitMs: number): Promise<Evaluation> {
    const answer = await this.#whileBusy(async () => {
      // The child may have ended since: something that an earlier event left behind can crash it.
      const lack = await this.#load(definitions);
      if (lack !== null) return { kind: "ended", why: `could not load its workflows: ${lack}` } as const;
      return this.#ask({ kind: "evaluate", definitions, data }, limitMs);
    });
    switch (answer.kind) {
      case "evaluated":
        return answer;
      case "late":
        return { kind: "no-result", why: tooSlow(limitMs) };
      default:
        return { kind: "no-result", why: `the process that evaluated it alone ${answer.why}` };
    }
  }

  /** Starts the idle time again afterwards. */
  async #whileBusy<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#idleTimer);
    try {
      return await work();
    } finally {
      clearTimeout(this.#idleTimer);
      this.#idleTimer = setTimeout(() => this.#end(), defaults.routing.idleMs).unref();
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#end();
  }

  async #load(definitions: readonly DefinitionRef[]): Promise<string | null> {
    if (this.#child === null) this.#loaded.clear();
    const sent: SentDefinition[] = [];
    for (const definition of definitions) {
      if (this.#loaded.has(keyOf(definition))) continue;
      const found = await this.#parts.find(definition);
      if ("lack" in found) return `${definition.name} version ${definition.version}: ${found.lack}`;
      sent.push(found);
    }
    if (sent.length === 0) return null;
    const answer = await this.#ask({ kind: "load", definitions: sent, ...this.#parts.place }, defaults.routing.loadMs);
    if (answer.kind === "loaded") {
      for (const { definition } of sent) this.#loaded.add(keyOf(definition));
      return null;
    }
    this.#end();
    if (answer.kind === "late") return `loading them took longer than ${defaults.routing.loadMs / 1_000} s`;
    return `the process that loads them ${answer.why}`;
  }

  async #ask<T extends Request>(request: T, limitMs: number): Promise<Answer<KindOf<T>>> {
    const child = this.#child ?? this.#start();
    const { promise, resolve } = Promise.withResolvers<Answer<KindOf<T>>>();
    const timer = setTimeout(() => resolve({ kind: "late" }), limitMs);
    const onExit = (code: number | null, signal: string | null): void =>
      resolve({ kind: "ended", why: signal === null ? `exited with code ${code}` : `was ended by ${signal}` });
    const onError = (error: Error): void => resolve({ kind: "ended", why: `failed: ${error.message}` });
    child.once("message", resolve);
    child.once("exit", onExit);
    child.once("error", onError);
    child.send(request, (error) => {
      // A child that has ended reports it as its exit.
      if (error !== null && child.exitCode === null && child.signalCode === null) onError(error);
    });
    const answer = await promise;
    clearTimeout(timer);
    child.off("message", resolve);
    child.off("exit", onExit);
    child.off("error", onError);
    if (answer.kind === "ended" || answer.kind === "late") this.#end();
    return answer;
  }

  #start(): ChildProcess {
    // The published package has JavaScript, the repository TypeScript.
    const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const child = fork(fileURLToPath(new URL(`./child.${suffix}`, import.meta.url)), [], {
      // What author code prints must not be mixed with the output of this process.
      stdio: ["ignore", 2, 2, "ipc"],
      execArgv: process.execArgv.filter((option) => !ownOptions.test(option)),
    });
    // An exit or a failed message is reported to the request that waits for it.
    child.on("error", () => {});
    child.once("exit", () => {
      if (this.#child === child) this.#child = null;
    });
    this.#child = child;
    return child;
  }

  #end(): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }
}

function keyOf({ kind, name, version }: DefinitionRef): string {
  return `${kind} ${name} ${version}`;
}
