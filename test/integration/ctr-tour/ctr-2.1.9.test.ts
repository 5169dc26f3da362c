import { tour } from './tour.ts';

tour('2.1.9');
