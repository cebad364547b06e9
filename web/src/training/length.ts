/** Steps of a run. Apart from the course itself, so that the page does not load the engine to know it. */
export const steps = 2400;
