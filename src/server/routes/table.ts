import type { Route } from "../route.ts";
import { auditRoutes } from "./audit.ts";
import { bulkRoutes } from "./bulk.ts";
import { careRoutes } from "./care.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { definitionRoutes } from "./definitions.ts";
import { eventRoutes } from "./events.ts";
import { graphRoutes } from "./graphs.ts";
import { guideRoutes } from "./guide.ts";
import { homeRoutes } from "./home.ts";
import { keyRoutes } from "./keys.ts";
import { noteRoutes } from "./notes.ts";
import { operationRoutes } from "./operations.ts";
import { runRoutes } from "./runs.ts";
import { scheduleRoutes } from "./schedules.ts";
import { serverRoutes } from "./server.ts";
import { streamRoutes } from "./stream.ts";
import { verbRoutes } from "./verbs.ts";
import { versionRoutes } from "./versions.ts";
import { viewRoutes } from "./views.ts";

/** Every API route except the OpenAPI document, which is made from this table. */
export const routes: readonly Route[] = [
  ...runRoutes,
  ...verbRoutes,
  ...noteRoutes,
  ...bulkRoutes,
  ...viewRoutes,
  ...keyRoutes,
  ...auditRoutes,
  ...eventRoutes,
  ...deadLetterRoutes,
  ...definitionRoutes,
  ...graphRoutes,
  ...versionRoutes,
  ...scheduleRoutes,
  ...careRoutes,
  ...guideRoutes,
  ...streamRoutes,
  ...serverRoutes,
  ...homeRoutes,
  ...operationRoutes,
];
