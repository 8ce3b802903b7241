/** Metrics in Prometheus' form. Names end in their unit; a service registers its own in the Registry it is given. */
export { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
