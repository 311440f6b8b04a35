import type { Service } from "./service.ts";

/** The systems of an example, by name. */
export type Services<Names extends string = string> = Readonly<Record<Names, Service>>;

export async function stopAll(services: Services): Promise<void> {
  await Promise.all(Object.values(services).map((service) => service.stop()));
}
