"""What several pages draw: charts, lists of calls, the view of one call, filters, themes to work on."""
