import { tellStory } from "../kit/story.ts";
import { startInfrastructure } from "./services.ts";
import { disasterRecovery, outageAlerts } from "./workflow.ts";

const outage = (site: string, severity: "minor" | "critical" = "minor") => ({
  site,
  standby: `${site}-standby`,
  severity,
  detail: "no answer",
});

await tellStory({
  name: "disaster-recovery",
  definitions: [disasterRecovery, outageAlerts],
  startSystems: startInfrastructure,
  tell: async ({ baton, systems, say, command, until, seen }) => {
    const restoring = (site: string): Promise<void> =>
      seen(() => systems.backups.acts().some(({ id }) => id === `restore/${site}`));
    say("Two sites are down. The pager goes out, the restores begin, and each races its deadline.");
    const fra = await baton.start(disasterRecovery, outage("fra"));
    const ams = await baton.start(disasterRecovery, outage("ams", "critical"));
    await Promise.all([restoring("fra"), restoring("ams")]);
    await until(ams, "waiting");
    command("why", "latest");

    say("One is restored in time.");
    await baton.emit({ name: "restore.finished", data: { restoreId: "RESTORE-fra" } });
    await until(fra, "completed");

    say("The other will be late. A person does not wait for the quarter of an hour and says so in the clock's place.");
    await ams.completeStep({ step: "race/late/restore deadline", output: null, why: "the tapes are burnt" });
    await seen(() => systems.traffic.acts().some(({ id }) => id === "ams-standby/ams"));
    say("The standby has the traffic, and a second fire breaks out there: the traffic goes back.");
    systems.traffic.rows("insert into dead values ('ams-standby') returning site");
    await seen(async () => (await ams.status()) === "waiting");
    await ams.completeStep({ step: "let it warm up", output: null, why: "look at once" });
    await until(ams, "failed");
    command("show", "latest");

    say("Twenty alerts about one site are one run, ten quiet seconds later.");
    for (let n = 0; n < 20; n++) await baton.emit({ name: "outage.detected", data: outage("dub") });
    command("runs", "--name", "outage-alerts");
  },
  tryNext: [
    "npx baton runs                                    the storm has become one recovery by now",
    "npx baton why latest",
    'npx baton events send restore.finished --data \'{"restoreId":"RESTORE-dub"}\'',
  ],
});
