/** Implementations of the systems. */
import { Refusal, startService } from "../kit/service.ts";
import type { Services } from "../kit/services.ts";
import { builderSystem, chatSystem, clusterSystem } from "./systems.ts";

export type Platform = Services<"builder" | "cluster" | "chat">;

export async function startPlatform(dataDir: string): Promise<Platform> {
  const [builder, cluster, chat] = await Promise.all([
    startService({
      shape: builderSystem,
      dataDir,
      tables: "",
      operations: {
        build: ({ service, commit }) => ({ id: `${service}/${commit}`, answer: { image: `${service}:${commit}` } }),
        test: ({ image, platform }) => {
          if (image.endsWith("red")) throw new Refusal(422, `a test failed on ${platform}`);
          return { id: `${image}/${platform}`, answer: { platform, passed: 214 } };
        },
      },
    }),
    startService({
      shape: clusterSystem,
      dataDir,
      tables: `
        create table if not exists deployments (
          n integer primary key, key text not null, environment text not null, service text not null,
          image text not null, previous text
        ) strict;
        create table if not exists live (
          environment text not null, service text not null, image text, primary key (environment, service)
        ) strict;
      `,
      operations: {
        deploy: ({ environment, service, image }, { db, key }) => {
          const before = db.prepare("select image from live where environment = ? and service = ?");
          const previous = before.get(environment, service)?.["image"] ?? null;
          db.prepare("insert into deployments (key, environment, service, image, previous) values (?, ?, ?, ?, ?)").run(
            key,
            environment,
            service,
            image,
            previous,
          );
          db.prepare("insert or replace into live values (?, ?, ?)").run(environment, service, image);
          return { id: `${environment}/${image}`, answer: { image } };
        },
        rollBack: ({ environment, service, deployKey }, { db }) => {
          const made = db.prepare("select previous from deployments where key = ?").get(deployKey);
          const previous = made === undefined ? null : ((made["previous"] as string | null) ?? null);
          if (made !== undefined)
            db.prepare("insert or replace into live values (?, ?, ?)").run(environment, service, previous);
          return { id: `${environment}/${previous}`, answer: { image: previous } };
        },
        checkHealth: ({ environment, image }) => {
          const errorRate = image.endsWith("bad") && environment === "production" ? 0.31 : 0.001;
          return { id: `${environment}/${image}`, answer: { errorRate } };
        },
      },
    }),
    startService({
      shape: chatSystem,
      dataDir,
      tables: "",
      operations: {
        post: ({ release, text }) => ({ id: `${text}/${release}`, answer: { messageId: `MSG-${release}` } }),
      },
    }),
  ]);
  return { builder, cluster, chat };
}
