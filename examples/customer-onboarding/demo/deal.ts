import { randomInt } from "node:crypto";
import type { Deal } from "../deal.ts";

const COMPANIES = ["Acme", "Blue Harbour", "Cedar Analytics", "Delta Freight", "Evergreen Health", "Fjord Energy"];
const TIERS = ["smb", "enterprise"] as const;
const REGIONS = ["emea", "amer", "apac"];

/** A deal with random values and a new id. */
export function freshDeal(): Deal {
  const dealId = `D-${randomInt(36 ** 6)
    .toString(36)
    .toUpperCase()
    .padStart(6, "0")}`;
  return {
    dealId,
    company: pick(COMPANIES),
    email: `it+${dealId.toLowerCase()}@customer.example`,
    tier: pick(TIERS),
    region: pick(REGIONS),
  };
}

function pick<Item>(items: readonly Item[]): Item {
  return items[randomInt(items.length)] as Item;
}
