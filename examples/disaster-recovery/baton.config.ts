import { defineConfig } from "baton";
import { disasterRecovery, outageAlerts } from "./workflow.ts";

export default defineConfig({ definitions: [disasterRecovery, outageAlerts] });
