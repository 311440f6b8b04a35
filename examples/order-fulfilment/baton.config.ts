import { defineConfig } from "baton";
import { orderFulfilment } from "./workflow.ts";

export default defineConfig({ definitions: [orderFulfilment] });
