import { defineConfig } from "baton";
import { releasePipeline, rollout } from "./workflow.ts";

export default defineConfig({ definitions: [releasePipeline, rollout] });
