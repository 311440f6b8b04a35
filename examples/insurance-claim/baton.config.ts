import { defineConfig } from "baton";
import { fraudCheck, insuranceClaim } from "./workflow.ts";

export default defineConfig({ definitions: [fraudCheck, insuranceClaim] });
