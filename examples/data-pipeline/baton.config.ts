import { defineConfig } from "baton";
import { nightlySales, salesBackfill } from "./workflow.ts";

export default defineConfig({ definitions: [nightlySales, salesBackfill] });
