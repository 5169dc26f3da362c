import { tour } from './tour.ts';

tour('1.6.20');
