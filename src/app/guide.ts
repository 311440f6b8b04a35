import { BatonError } from "../kernel/model/errors.ts";
import type { GuideService } from "../server/services.ts";
import type { Guide, GuideAct, GuideActed, GuideStep } from "../wire/guide.ts";
import type { Problem } from "../wire/problem.ts";

/** This server's own HTTP API, asked without leaving the process. What it refuses is thrown as a `BatonError`. */
export interface GuideApi {
  /** `path` with its query, such as `/api/runs?status=failed`. */
  get<T = unknown>(path: string): Promise<T>;
  post<T = unknown>(path: string, body?: unknown): Promise<T>;
}

type Late<T> = T | Promise<T>;

/** Something that a step does for whoever reads it, on real parts. */
export interface GuideActSource {
  /** Letters, digits and dashes; unique in the guide. */
  readonly id: string;
  readonly label: string;
  /** Why it cannot be done now; null: it can. What it throws is a reason too. */
  readonly blocked?: (api: GuideApi) => Late<string | null>;
  readonly act: (api: GuideApi) => Late<GuideActed>;
}

export interface GuideStepSource {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Asked each time somebody looks, so let it rest on what is kept: runs, versions, files. */
  readonly isDone: (api: GuideApi) => Late<boolean>;
  /** The run to look at, when there is one. */
  readonly run?: (api: GuideApi) => Late<string | null>;
  readonly acts?: readonly GuideActSource[];
}

/** A checklist for the first minutes with a project, as its author writes it. */
export interface GuideSource {
  readonly title: string;
  readonly intro: string;
  readonly steps: readonly GuideStepSource[];
}

export interface GuideParts {
  readonly source: GuideSource;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Values of `Host` that are this server. */
  readonly hosts: () => readonly string[];
  readonly isReadOnly: boolean;
}

/** The guide of a config file over one server. Acts are done one after the other. Throws `invalid-config`. */
export function openGuide(parts: GuideParts): GuideService {
  const { source, isReadOnly } = parts;
  const acts = new Map(source.steps.flatMap(({ acts = [] }) => acts).map((act) => [act.id, act]));
  refuseOddIds(source);
  let lastTurn: Promise<unknown> = Promise.resolve();
  const whyBlocked = (act: GuideActSource, api: GuideApi): Promise<string | null> =>
    isReadOnly ? Promise.resolve("this server is read-only") : reasonOf(act, api);

  const read = async (): Promise<Guide> => {
    // Steps ask for much the same, and within one look they all see one answer.
    const api = remembering(apiOf(parts));
    const viewAct = async (act: GuideActSource): Promise<GuideAct> => ({
      id: act.id,
      label: act.label,
      blocked: await whyBlocked(act, api),
    });
    const viewStep = async (step: GuideStepSource): Promise<GuideStep> => {
      const [isDone, run, views] = await Promise.all([
        step.isDone(api),
        step.run?.(api) ?? null,
        Promise.all((step.acts ?? []).map(viewAct)),
      ]);
      return { id: step.id, title: step.title, text: step.text, isDone, acts: views, run };
    };
    return { title: source.title, intro: source.intro, steps: await Promise.all(source.steps.map(viewStep)) };
  };

  const act = async (id: string): Promise<GuideActed> => {
    const found = acts.get(id);
    if (found === undefined) {
      throw new BatonError("not-found", `the guide has no action ${JSON.stringify(id.slice(0, 100))}`, {
        hint: `its actions are ${[...acts.keys()].join(", ")}`,
      });
    }
    const api = apiOf(parts);
    const why = await whyBlocked(found, api);
    if (why !== null) throw new BatonError("illegal", why, { hint: "GET /api/guide lists what is possible now" });
    try {
      return await found.act(api);
    } catch (cause) {
      throw failed(found, cause);
    }
  };

  return {
    read,
    act: (id) => {
      const turn = lastTurn.then(() => act(id));
      lastTurn = turn.catch(() => {});
      return turn;
    },
  };
}

async function reasonOf(act: GuideActSource, api: GuideApi): Promise<string | null> {
  try {
    return (await act.blocked?.(api)) ?? null;
  } catch (error) {
    return messageOf(error);
  }
}

/** A refusal keeps its code; anything else is a fault of the guide, or of the parts that it acts on. */
function failed({ label }: GuideActSource, cause: unknown): BatonError {
  if (cause instanceof BatonError) return cause;
  return new BatonError("internal", `${JSON.stringify(label)} failed: ${messageOf(cause)}`, {
    hint: "check the server log",
    details: { causes: causesOf(cause) },
    cause,
  });
}

/** What it says, and what the errors behind it say. */
function causesOf(error: unknown): readonly string[] {
  return [
    messageOf(error),
    ...(error instanceof Error && error.cause !== undefined ? causesOf(error.cause) : []),
  ].slice(0, causesMax);
}

/** A chain of causes may be a ring. */
const causesMax = 5;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refuseOddIds({ steps }: GuideSource): void {
  const stepIds = steps.map(({ id }) => id);
  const actIds = steps.flatMap(({ acts = [] }) => acts.map(({ id }) => id));
  for (const ids of [stepIds, actIds]) {
    const odd = ids.find((id, i) => !/^[a-z\d-]{1,100}$/i.test(id) || ids.indexOf(id) !== i);
    if (odd === undefined) continue;
    throw new BatonError(
      "invalid-config",
      `guide: the id ${JSON.stringify(odd)} is not valid in a URL, or is used twice`,
      {
        hint: "use letters, digits and dashes; ids of steps and of actions must be unique",
      },
    );
  }
}

function apiOf({ fetch, hosts }: GuideParts): GuideApi {
  const send = async <T>(method: "GET" | "POST", path: string, body?: string): Promise<T> => {
    const host = hosts()[0] ?? "localhost";
    const headers = { host, origin: `http://${host}`, "content-type": "application/json" };
    const url = `http://${host}${path}`;
    const response = await fetch(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
    const answer = (await response.json()) as unknown;
    if (response.ok) return answer as T;
    const { code, detail, hint, details } = answer as Problem;
    throw new BatonError(code, detail, {
      ...(hint === null ? {} : { hint }),
      ...(details === undefined ? {} : { details }),
    });
  };
  return {
    get: (path) => send("GET", path),
    post: (path, body = {}) => send("POST", path, JSON.stringify(body)),
  };
}

function remembering(api: GuideApi): GuideApi {
  const answers = new Map<string, Promise<unknown>>();
  return {
    get: <T>(path: string) => {
      const answer = answers.get(path) ?? api.get(path);
      answers.set(path, answer);
      return answer as Promise<T>;
    },
    post: api.post,
  };
}
