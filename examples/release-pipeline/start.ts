import { tellStory } from "../kit/story.ts";
import { startPlatform } from "./services.ts";
import { releasePipeline, rollout } from "./workflow.ts";

await tellStory({
  name: "release-pipeline",
  definitions: [releasePipeline, rollout],
  startSystems: startPlatform,
  tell: async ({ baton, systems, say, command, until, seen }) => {
    say("A commit is built, tested on four platforms, two at a time, and staged. Then it waits for a person.");
    const first = await baton.start(releasePipeline, { service: "web", commit: "a1" });
    await seen(() => systems.chat.acts().some(({ id }) => id === "waits for approval/web@a1"));
    await until(first, "waiting");
    command("why", "latest");

    say("A second release of the same environment stands in line behind it.");
    const second = await baton.start(releasePipeline, { service: "web", commit: "a2" });
    await until(second, "waiting");
    command("why", "latest");

    say("The first is rejected; the second takes its turn, and staging is down: it halts there.");
    systems.cluster.breakDown("deploy", { mode: 503, only: "staging" });
    await baton.emit({ name: "release.decided", data: { release: "web@a1", approved: false, by: "ada" } });
    await until(first, "completed");
    await until(second, "failed");
    say("Staging is back: resume goes on there, and nothing is built or tested again.");
    systems.cluster.mend();
    await second.resume({ why: "staging is back" });
    await seen(() => systems.chat.acts().some(({ id }) => id === "waits for approval/web@a2"));
    await baton.emit({ name: "release.decided", data: { release: "web@a2", approved: true, by: "ada" } });
    say("Approved: it is rolled out, and watched for three minutes. This story does not wait for them.");
    await seen(() => systems.cluster.acts().some(({ id }) => id === "production/web:a2"));
    await until(second, "waiting");
    command("show", "latest");
  },
  tryNext: [
    "npx baton show latest                             the rollout under watch",
    'npx baton run release-pipeline --input \'{"service":"web","commit":"bad"}\'',
    'npx baton events send release.decided --data \'{"release":"web@bad","approved":true,"by":"you"}\'',
    "npx baton runs --name rollout                     after a minute: failed, compensated",
  ],
});
