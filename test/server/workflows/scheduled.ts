import { on, workflow } from "baton";

/** None of its times is due while a test runs. */
export const report = workflow(
  {
    name: "report",
    on: [
      on.schedule({ name: "nightly", cron: "30 2 * * *", zone: "Europe/Berlin", input: "night" }),
      on.schedule({ name: "yearly", at: "2126-01-01T00:00:00Z", input: () => "year" }),
    ],
  },
  (_ctx, input: string) => `report of the ${input}`,
);
