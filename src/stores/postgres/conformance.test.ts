import { noPostgres } from "../../../test/postgres/server.ts";
import { openPostgresBench } from "../../../test/stores/benches.ts";
import { describeChains } from "../conformance/chains.ts";
import { describeConsole } from "../conformance/console.ts";
import { describeLife } from "../conformance/life.ts";
import { describeRouting } from "../conformance/routing.ts";
import { describeSchedules } from "../conformance/schedules.ts";
import { describeStore } from "../conformance/suite.ts";

if ((await noPostgres()) === false)
  for (const describeAll of [
    describeStore,
    describeChains,
    describeSchedules,
    describeLife,
    describeConsole,
    describeRouting,
  ])
    describeAll("postgres", openPostgresBench);
