DROP TABLE form_reports;
