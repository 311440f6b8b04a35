import { defineConfig } from "baton";
import { customerOnboarding } from "./workflow.ts";

export default defineConfig({ store: "sqlite:./baton.db", definitions: [customerOnboarding] });
