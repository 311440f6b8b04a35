import type { Route } from "../route.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { definitionRoutes } from "./definitions.ts";
import { eventRoutes } from "./events.ts";
import { operationRoutes } from "./operations.ts";
import { runRoutes } from "./runs.ts";
import { streamRoutes } from "./stream.ts";
import { verbRoutes } from "./verbs.ts";

/** Every route of the API but the document that is made from this table. */
export const routes: readonly Route[] = [
  ...runRoutes,
  ...verbRoutes,
  ...eventRoutes,
  ...deadLetterRoutes,
  ...definitionRoutes,
  ...streamRoutes,
  ...operationRoutes,
];
