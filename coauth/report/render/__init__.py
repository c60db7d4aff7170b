"""From the report's parts to what is seen: charts, SVG, the page and the PDF."""
