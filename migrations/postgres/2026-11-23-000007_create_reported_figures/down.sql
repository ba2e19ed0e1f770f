DROP TABLE reported_figures;
