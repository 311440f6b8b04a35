/** What each role and location needs. Plain data and pure functions: nothing here needs to be a step. */

export const roles = ["engineer", "sales", "support"] as const;
export const locations = ["berlin", "austin", "remote"] as const;
export type Role = (typeof roles)[number];
export type Location = (typeof locations)[number];

export interface Plan {
  readonly groups: readonly string[];
  readonly laptop: string;
  /** Null for remote work. */
  readonly building: string | null;
  readonly country: string;
  /** Whether the law there requires a briefing before the first day of work. */
  readonly needsBriefing: boolean;
}

const groupsOf: Readonly<Record<Role, readonly string[]>> = {
  engineer: ["everyone", "code", "on-call"],
  sales: ["everyone", "crm"],
  support: ["everyone", "tickets"],
};

const placeOf: Readonly<Record<Location, Pick<Plan, "building" | "country" | "needsBriefing">>> = {
  berlin: { building: "Spree House", country: "DE", needsBriefing: true },
  austin: { building: "Lakeside", country: "US", needsBriefing: false },
  remote: { building: null, country: "US", needsBriefing: false },
};

export function planFor(role: Role, location: Location): Plan {
  return {
    ...placeOf[location],
    groups: groupsOf[role],
    laptop: role === "engineer" ? "workstation" : "notebook",
  };
}
