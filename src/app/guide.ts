import { BatonError } from "../kernel/model/errors.ts";
import type { GuideService } from "../server/services.ts";
import type { Guide, GuideAct, GuideActed, GuideStep } from "../wire/guide.ts";
import type { Problem } from "../wire/problem.ts";

/** This server's own HTTP API, called inside the process. Refused requests throw a `BatonError`. */
export interface GuideApi {
  /** `path` includes the query, such as `/api/runs?status=failed`. */
  get<T = unknown>(path: string): Promise<T>;
  post<T = unknown>(path: string, body?: unknown): Promise<T>;
}

type Late<T> = T | Promise<T>;

/** An action that a guide step offers. It works on the real store. */
export interface GuideActionSource {
  /** Letters, digits and dashes. Unique in the guide. */
  readonly id: string;
  readonly label: string;
  /**
   * Why the action is unavailable now, or null if it is available. An error that this throws is also shown as a reason.
   */
  readonly blocked?: (api: GuideApi) => Late<string | null>;
  readonly act: (api: GuideApi) => Late<GuideActed>;
}

export interface GuideStepSource {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Evaluated each time the guide is read. Derive it from stored data: runs, versions, files. */
  readonly isDone: (api: GuideApi) => Late<boolean>;
  /** The run to show with the step, if any. */
  readonly run?: (api: GuideApi) => Late<string | null>;
  readonly acts?: readonly GuideActionSource[];
}

/** A checklist for the first minutes with a project, as written in the config file. */
export interface GuideSource {
  readonly title: string;
  readonly intro: string;
  readonly steps: readonly GuideStepSource[];
}

export interface GuideParts {
  readonly source: GuideSource;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Values of the `Host` header that name this server. */
  readonly hosts: () => readonly string[];
  readonly isReadOnly: boolean;
}

/** Opens the guide of a config file on one server. Actions run one at a time. Throws `invalid-config`. */
export function openGuide(parts: GuideParts): GuideService {
  const { source, isReadOnly } = parts;
  const acts = new Map(source.steps.flatMap(({ acts = [] }) => acts).map((act) => [act.id, act]));
  refuseOddIds(source);
  let lastTurn: Promise<unknown> = Promise.resolve();
  const whyBlocked = (act: GuideActionSource, api: GuideApi): Promise<string | null> =>
    isReadOnly ? Promise.resolve("this server is read-only") : reasonOf(act, api);

  const read = async (): Promise<Guide> => {
    // Steps often read the same paths. Within one read of the guide they share one response.
    const api = remembering(apiOf(parts));
    const viewAct = async (act: GuideActionSource): Promise<GuideAct> => ({
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

async function reasonOf(act: GuideActionSource, api: GuideApi): Promise<string | null> {
  try {
    return (await act.blocked?.(api)) ?? null;
  } catch (error) {
    return messageOf(error);
  }
}

/** A refusal keeps its code. Anything else is an error in the guide or in the parts that it works on. */
function failed({ label }: GuideActionSource, cause: unknown): BatonError {
  if (cause instanceof BatonError) return cause;
  return new BatonError("internal", `${JSON.stringify(label)} failed: ${messageOf(cause)}`, {
    hint: "check the server log",
    details: { causes: causesOf(cause) },
    cause,
  });
}

/** The message of the error, then those of its causes. */
function causesOf(error: unknown): readonly string[] {
  return [
    messageOf(error),
    ...(error instanceof Error && error.cause !== undefined ? causesOf(error.cause) : []),
  ].slice(0, causesMax);
}

/** A chain of causes may be circular. */
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
