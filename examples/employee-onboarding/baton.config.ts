import { defineConfig } from "baton";
import { employeeOnboarding } from "./workflow.ts";

export default defineConfig({ definitions: [employeeOnboarding] });
