import { runDemo } from "../kit/demo.ts";
import { startPlatform } from "./services.ts";
import { releasePipeline, rollout } from "./workflow.ts";

await runDemo({
  name: "release-pipeline",
  definitions: [releasePipeline, rollout],
  startSystems: startPlatform,
  script: async ({ baton, systems, print, showCommand, waitForStatus, waitFor }) => {
    print("A commit is built, tested on four platforms (two at a time) and staged. Then it waits for approval.");
    const first = await baton.start(releasePipeline, { service: "web", commit: "a1" });
    await waitFor(() => systems.chat.operations().some(({ id }) => id === "waiting for approval/web@a1"));
    await waitForStatus(first, "waiting");
    showCommand("why", "latest");

    print("A second release to the same environment is queued behind it.");
    const second = await baton.start(releasePipeline, { service: "web", commit: "a2" });
    await waitForStatus(second, "waiting");
    showCommand("why", "latest");

    print("The first is rejected, and the second starts. Staging is down: it stops there.");
    systems.cluster.injectFault("deploy", { mode: 503, only: "staging" });
    await baton.emit({ name: "release.decided", data: { release: "web@a1", approved: false, by: "ada" } });
    await waitForStatus(first, "completed");
    await waitForStatus(second, "failed");
    print("Staging is repaired: resume continues there, and nothing is built or tested again.");
    systems.cluster.clearFaults();
    await second.resume({ why: "staging repaired" });
    await waitFor(() => systems.chat.operations().some(({ id }) => id === "waiting for approval/web@a2"));
    await baton.emit({ name: "release.decided", data: { release: "web@a2", approved: true, by: "ada" } });
    print("Approved: it is rolled out and checked for three minutes. This demo does not wait for that.");
    await waitFor(() => systems.cluster.operations().some(({ id }) => id === "production/web:a2"));
    await waitForStatus(second, "waiting");
    showCommand("show", "latest");
  },
  tryNext: [
    "npx baton show latest                             show the rollout and its health checks",
    'npx baton run release-pipeline --input \'{"service":"web","commit":"bad"}\'',
    'npx baton events send release.decided --data \'{"release":"web@bad","approved":true,"by":"you"}\'',
    "npx baton runs --name rollout                     after one minute: failed, compensated",
  ],
});
