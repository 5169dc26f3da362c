import { shimTour } from './shim-tour.ts';

shimTour('2.1.9', '2.1.9');
