"""An ERP that speaks SOAP, described by its own WSDL and by settings that say which operation does what."""
