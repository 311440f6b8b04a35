import assert from "node:assert/strict";
import { test } from "node:test";
import { stepName } from "./step-name.ts";

test("the name is the key without its branch and number", () => {
  const names: Readonly<Record<string, string>> = {
    greet: "greet",
    "greet#2": "greet",
    "items[3]/charge": "charge",
    "items[3]/charge#12": "charge",
    "items#2[3]/lines[0]/charge": "charge",
    "race/left/call": "call",
    "race#2/left/call#3": "call",
    "items[1]/race/left/call": "call",
    "race/left/items[1]/call": "call",
    race: "race",
    "race#2": "race",
    "notify sales/ops": "notify sales/ops",
    "#1": "#1",
    "a[0]/": "a[0]/",
  };
  for (const [key, name] of Object.entries(names)) assert.equal(stepName(key), name, key);
});
