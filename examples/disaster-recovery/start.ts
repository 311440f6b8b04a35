import { runDemo } from "../kit/demo.ts";
import { startInfrastructure } from "./services.ts";
import { disasterRecovery, outageAlerts } from "./workflow.ts";

const outage = (site: string, severity: "minor" | "critical" = "minor") => ({
  site,
  standby: `${site}-standby`,
  severity,
  detail: "no answer",
});

await runDemo({
  name: "disaster-recovery",
  definitions: [disasterRecovery, outageAlerts],
  startSystems: startInfrastructure,
  script: async ({ baton, systems, print, showCommand, waitForStatus, waitFor }) => {
    const restoring = (site: string): Promise<void> =>
      waitFor(() => systems.backups.operations().some(({ id }) => id === `restore/${site}`));
    print("Two sites are down. The pager is alerted, and each restore has 15 minutes.");
    const fra = await baton.start(disasterRecovery, outage("fra"));
    const ams = await baton.start(disasterRecovery, outage("ams", "critical"));
    await Promise.all([restoring("fra"), restoring("ams")]);
    await waitForStatus(ams, "waiting");
    showCommand("why", "latest");

    print("One site is restored in time.");
    await baton.emit({ name: "restore.finished", data: { restoreId: "RESTORE-fra" } });
    await waitForStatus(fra, "completed");

    print("The other restore will be late. An operator completes the timer by hand instead of waiting.");
    await ams.completeStep({ step: "race/late/restore deadline", output: null, why: "backup tapes are damaged" });
    await waitFor(() => systems.traffic.operations().some(({ id }) => id === "ams-standby/ams"));
    print("The standby gets the traffic, but it fails as well: the traffic is routed back.");
    systems.traffic.rows("insert into down values ('ams-standby') returning site");
    await waitFor(async () => (await ams.status()) === "waiting");
    await ams.completeStep({ step: "let it warm up", output: null, why: "validate now" });
    await waitForStatus(ams, "failed");
    showCommand("show", "latest");

    print("Twenty alerts about one site start one run, after ten seconds without alerts.");
    for (let n = 0; n < 20; n++) await baton.emit({ name: "outage.detected", data: outage("dub") });
    showCommand("runs", "--name", "outage-alerts");
  },
  tryNext: [
    "npx baton runs                                    by now the alerts have started one recovery",
    "npx baton why latest",
    'npx baton events send restore.finished --data \'{"restoreId":"RESTORE-dub"}\'',
  ],
});
