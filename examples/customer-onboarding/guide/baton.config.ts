import { defineConfig } from "baton";
import { onboardingGuide } from "./guide.ts";
import { workflowsFolder } from "./working-copy.ts";

/** What `npm start` runs Baton with; `../baton.config.ts` is all that a real project needs. */
export default defineConfig({ folder: workflowsFolder(), guide: onboardingGuide });
