import { defineConfig } from "baton";
import { onboardingGuide } from "./guide.ts";
import { workflowsFolder } from "./working-copy.ts";

/** The config file of `npm start`. A real project needs only `../baton.config.ts`. */
export default defineConfig({ folder: workflowsFolder(), guide: onboardingGuide });
